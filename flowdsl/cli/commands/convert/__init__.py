"""`flowdsl convert`: its command, the questions of `--step`, and what it says about a proposal."""
