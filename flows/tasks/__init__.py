"""The Prefect tasks, shared by the flows: each is one step of one asset."""
