"""Everything on one machine: supervisor, embedded Postgres and Kafka, and the doctor."""
