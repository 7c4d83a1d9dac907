from hypothesis import HealthCheck, settings

# A slow machine is no failure of the code: no test asserts a time, and neither does Hypothesis for them.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
