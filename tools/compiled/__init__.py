"""The compiled build of the core, which is off by default; see `build.py`."""
