"""How a service that takes the Kafka of another for one elsewhere is let in there."""

from stream.endpoints import load_endpoints
from stream.settings import Settings


def kafka_accounts(holder: Settings) -> dict[str, str]:
    """Settings with the passwords of all accounts of the Kafka that is embedded in the service of `holder`."""
    return {f"kafka_password_{account}": word for account, word in load_endpoints(holder).kafka_passwords.items()}
