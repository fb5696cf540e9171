"""Every error that a user can see, each with its exit code.

An error is one line that names the input, the place and the mend. Library functions raise
these; only the command line turns them into a message on stderr and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence


class AsnrulesError(Exception):
    """Base of all errors of this package."""

    exit_code: int = 2
    """Of a command that ends with this error."""

    def __init__(self, message: str, *, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = details
        """A line for each of several things that are wrong; the message then sums them up."""


class UsageError(AsnrulesError):
    """A usage error: an option or argument that is not valid, or not with another."""


class PoolError(AsnrulesError):
    """A pool that cannot be read, or an exposure in it that is not valid."""


class AssociationFileError(AsnrulesError):
    """An association file that cannot be read, or does not hold a Stage 2 association."""


class RulesetError(AsnrulesError):
    """A ruleset, or a file of one, that is not valid."""


class OutputError(AsnrulesError):
    """Files that cannot be written, or would replace others."""


class NotFoundError(AsnrulesError):
    """Something named by the user does not exist."""

    exit_code = 3


class ProcessError(AsnrulesError):
    """Another process that shared the work was ended before it had finished."""


class ClusterError(AsnrulesError):
    """A cluster that cannot be reached, was lost, or has workers that cannot do the work."""

    exit_code = 4


class DatabaseError(AsnrulesError):
    """The database is unreachable, or its schema is older or newer than the program."""

    exit_code = 4


class StoredValueError(DatabaseError):
    """A stored value of something, such as `run 3`, that was changed by other means."""

    def __init__(self, of: str, table: str, column: str, problem: str) -> None:
        super().__init__(
            f"the database was changed by other means than asnrules: {of}, table {table}, column "
            f"{column}: {problem}; asnrules audit verify lists all"
        )
        self.of, self.table, self.column, self.problem = of, table, column, problem
