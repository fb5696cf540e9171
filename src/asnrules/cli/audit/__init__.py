"""`asnrules audit`: the record of what was decided."""

from __future__ import annotations

from asnrules.cli.audit import comparisons, history, import_, ledger, runs, timeline
from asnrules.cli.help import App

app = App(
    """The record of what was decided.

Examples
--------
asnrules audit runs
asnrules audit run 1

See Also
--------
generate, sql
"""
)

app.command("runs")(runs.runs)
app.command("run")(runs.run)
app.command("report")(runs.report)
app.command("exposure")(history.exposure)
app.command("association")(history.association)
app.command("diff")(comparisons.diff)
app.command("replay")(comparisons.replay)
app.command("timeline")(timeline.timeline)
app.command("import")(import_.import_)
app.command("verify")(ledger.verify)
app.command("digest")(ledger.digest)
app.command("export")(ledger.export)
