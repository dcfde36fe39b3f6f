"""The style sheet of the printable page."""

STYLE = """
:root { --pass: #14732f; --fail: #b3261e; --error: #8a4b00; --skip: #5f6368; --line: #d5d8dc; --soft: #f5f6f7; }
* { box-sizing: border-box; }
body { font: 14px/1.45 system-ui, "Segoe UI", "Noto Sans", sans-serif; color: #1a1c1e; margin: 0 auto; max-width: 60rem;
       padding: 1.5rem; }
header { display: flex; gap: 1rem; align-items: center; border-bottom: 2px solid #1a1c1e; padding-bottom: .8rem; }
header div { flex: 1; min-width: 0; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 1.6rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; flex: 1; overflow-wrap: anywhere; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
.badge { color: #fff; background: var(--skip); border-radius: .3rem; padding: .1rem .55rem; font-weight: 600;
         text-transform: uppercase; font-size: .78rem; white-space: nowrap; }
header .badge { font-size: 1.5rem; padding: .3rem 1rem; }
.passed { background: var(--pass); } .failed { background: var(--fail); } .error { background: var(--error); }
.stopped { background: var(--error); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .2rem 1.5rem;
         margin: 1rem 0; }
.facts div { display: flex; gap: .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
dt { color: #55595e; min-width: 7rem; } dd { margin: 0; flex: 1; min-width: 0; } dl { margin: 0; }
section.case { border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0; padding: .6rem .8rem;
               break-inside: avoid; }
.title { display: flex; gap: .6rem; align-items: baseline; }
.quiet { color: #55595e; font-size: .85rem; }
.failure { border-left: 4px solid var(--fail); background: #fdf1f0; padding: .3rem .6rem; margin: .4rem 0;
           white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
         overflow-wrap: anywhere; }
th { color: #55595e; font-weight: 600; }
td.missed { color: var(--fail); font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .5rem; margin: .4rem 0; }
svg { max-width: 100%; height: auto; display: block; margin: .5rem 0; background: #fff; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .5rem; }
@media print { body { max-width: none; padding: 0; } .badge { print-color-adjust: exact;
               -webkit-print-color-adjust: exact; } }
@page { margin: 15mm; }
"""
