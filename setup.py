"""What pyproject.toml cannot say: a wheel carries the documentation as a site, for `hardseq docs` without a network."""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithDocumentation(build_py):
    """Builds the site into the package; an editable install shows the pages of its checkout instead."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            build_site(Path(self.build_lib, "sequencer", "docs"))


def build_site(folder: Path) -> None:
    """Builds the documentation into a folder; a broken link ends the build."""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # pyproject.toml keeps MkDocs below 2
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    config = load_config(str(Path(__file__).with_name("mkdocs.yml")), site_dir=str(folder.resolve()))
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    config.plugins.on_shutdown()


setup(cmdclass={"build_py": BuildWithDocumentation})
