"""How people write instructions in other languages than English."""
