// What the program and its pages both need. Written from sequencer/panel/page_constants.py: do not edit.

export const BAD_STATUSES = ["failed", "error", "stopped"];
export const FINAL_STATUSES = ["passed", "failed", "error", "stopped", "skipped"];
export const ALLOWED_SKIPS = ["condition", "module_condition", "selection"];
export const DISPOSITIONS = ["repair", "scrap", "retest", "waived"];
export const LONGEST_COMMENT = 2000;
export const LONGEST_REASON = 500;
