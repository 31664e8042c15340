"""What every request passes on its way to the routes, and its reply on the way back."""
