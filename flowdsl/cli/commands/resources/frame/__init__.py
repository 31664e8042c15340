"""What every command about objects of the service shares: reading, changing and showing them."""
