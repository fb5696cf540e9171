"""`asnrules audit`: the record of what was decided."""

from __future__ import annotations

from asnrules.cli.audit import (
    association,
    diff,
    exposure,
    import_,
    ledger,
    replay,
    report,
    run,
    runs,
)
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
app.command("run")(run.run)
app.command("report")(report.report)
app.command("exposure")(exposure.exposure)
app.command("association")(association.association)
app.command("diff")(diff.diff)
app.command("replay")(replay.replay)
app.command("import")(import_.import_)
app.command("verify")(ledger.verify)
app.command("digest")(ledger.digest)
app.command("export")(ledger.export)
