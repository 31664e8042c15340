"""What the texts of a program come to once they stand in a prompt: which values end up in them
(`destinations`), what the platform would read otherwise (`platform_text`), and what a run asks
and says (`run_texts`).
"""
