"""The GitHub Action: its steps, the event that started it, the comments of a pull request.

Entry point: `action.main`.
"""
