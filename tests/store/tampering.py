"""What somebody does who has the file of a store."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path


def change_report(database: Path, run: str, **changed: object) -> None:
    """Changes the stored report of this run, and nothing else that is said of it."""
    with closing(sqlite3.connect(database)) as connection:
        where = "run = (SELECT number FROM runs WHERE id = ?)"
        ((body,),) = connection.execute(f"SELECT body FROM documents WHERE {where}", (run,)).fetchall()
        report = {**json.loads(zlib.decompress(body)), **changed}
        new = zlib.compress(json.dumps(report).encode())
        connection.execute(f"UPDATE documents SET body = ? WHERE {where}", (new, run))
        connection.commit()
