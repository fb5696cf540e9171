"""Pools are made smaller as long as they show what they are to show."""

from __future__ import annotations

from pathlib import Path

from asnrules.workflows.trial_pools import TrialPool, read_trial_pool, smaller

NAMES = tuple("abcdefg")
BOTH = "[('o001', 'observation'), ('c1000', 'background')]"
COLUMNS = ("filename", "asn_candidate")


def pool(*names: str) -> TrialPool:
    return TrialPool(COLUMNS, (tuple({"filename": name, "asn_candidate": BOTH} for name in names),))


def test_what_does_not_matter_is_left_out() -> None:
    def shows(tried: TrialPool) -> bool:
        kept = {row["filename"]: row["asn_candidate"] for row in tried.rows}
        return {"b", "f"} <= set(kept) and "c1000" in kept["f"]

    left = smaller(pool(*NAMES), shows, 100)
    assert [tuple(row.values()) for row in left.rows] == [
        ("b", "[('c1000', 'background')]"),
        ("f", "[('c1000', 'background')]"),
    ]


def test_it_is_asked_no_more_often_than_is_allowed() -> None:
    asked = []

    def shows(tried: TrialPool) -> bool:
        asked.append(tried)
        return False

    assert smaller(pool(*NAMES), shows, 5).rows == pool(*NAMES).rows
    assert len(asked) == 5


def test_halves_keep_exposures_together_that_come_together() -> None:
    parts = tuple(pool(*names).parts[0] for names in ("ab", "c", "de"))
    one, other = TrialPool(COLUMNS, parts).halves()
    assert (one.parts, other.parts) == (parts[:1], parts[1:])
    assert one.halves() == []


def test_content_is_in_order_of_file_name_whatever_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("Odd|FILENAME|Asn_Candidate\n1|B.fits| null \n|A.fits|[('o001', 'x')]\n")
    read = read_trial_pool(str(path), ("filename", "asn_candidate"))
    assert read.content() == (
        b"odd|filename|asn_candidate\nnull|a.fits|[('o001', 'x')]\n1|b.fits|null\n"
    )
