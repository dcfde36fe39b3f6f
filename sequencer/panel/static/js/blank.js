// What begins with nothing told of it. Written from sequencer/report/model.py: do not edit.

export const MODULE = {"status": "ready", "start_time": null, "stop_time": null};
export const CASE = {"status": "ready", "start_time": null, "stop_time": null, "reason": null, "skip_kind": null, "coded_reason": null, "attempts": []};
export const ATTEMPT = {"measurements": [], "checks": [], "messages": {}, "failures": [], "dialogs": [], "charts": [], "programs": [], "attachments": [], "log": [], "omitted": null, "newest": null, "timeout": null, "progress": null, "step": null, "waiting": null, "printing": null};
