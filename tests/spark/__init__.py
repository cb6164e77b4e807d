"""The engine on Apache Spark: the same figures as the embedded one."""
