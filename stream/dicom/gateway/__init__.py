"""Taking instances by C-STORE, making them durable, and forwarding them; and sending."""
