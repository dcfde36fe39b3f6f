"""Users of each role whose PINs, badges and tokens are known: ``NAME-pin``, ``NAME-badge``, ``NAME-token``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sequencer.project.users import Role, User, Users, UsersFile, pin_hash, token_hash

STAFF: tuple[tuple[str, Role], ...] = (("Oda", "operator"), ("Eve", "engineer"), ("Max", "manager"))


def add_staff(folder: Path) -> None:
    """Oda, Eve and Max; and Tim, an operator without a PIN."""
    file = UsersFile(folder / "users.toml")
    for name, role in STAFF:
        pin, token = pin_hash(f"{name}-pin"), token_hash(f"{name}-token")
        badge = file.change(lambda found: found).badge_hash(f"{name}-badge")
        file.change(partial(Users.put, user=User(name, role, pin, badge, token)))
    file.change(lambda found: found.put(User("Tim", "operator")))


def as_user(name: str) -> dict[str, str]:
    """What a program of this user sends."""
    return {"X-Hardseq-Token": f"{name}-token"}
