"""Settings of all tests: on a slow or busy machine they wait longer, and fail no more often."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
