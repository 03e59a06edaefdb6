"""The far side of the wall: what runs untrusted submissions."""
