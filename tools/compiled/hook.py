"""The hook of hatchling that puts the compiled core into a wheel; see `build.py`.

It is not even imported unless `HATCH_BUILD_HOOK_ENABLE_CUSTOM` is set.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledCore(BuildHookInterface[Any]):
    def dependencies(self) -> list[str]:
        return ["mypy[mypyc]==2.4.1", "setuptools>=80"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from tools.compiled.build import compile_core

        self._folder = tempfile.TemporaryDirectory()
        made = compile_core(Path(self.root), Path(self._folder.name))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update(
            {str(file): file.relative_to(self._folder.name).as_posix() for file in made}
        )

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._folder.cleanup()
