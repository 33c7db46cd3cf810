"""The commands `kafka …`: how other systems log in to Kafka, the accounts of one elsewhere, what it is to forget."""

from typing import Annotated

import typer

from stream.errors import CannotStart, WrongUse
from stream.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the group kafka."""
    kafka = typer.Typer(
        help="How other systems log in to Kafka, its accounts, and what it forgets.", no_args_is_help=True
    )
    kafka.command("login", epilog="Example: scanstream kafka login --account facts > client.properties")(login)
    kafka.command("accounts", epilog="Example: scanstream kafka accounts")(accounts)
    kafka.command("forget", epilog="Example: scanstream kafka forget")(forget)
    app.add_typer(kafka, name="kafka", epilog="Example: scanstream kafka login --account listener")


def login(
    account: Annotated[str, typer.Option(help="facts brings facts about patients, listener hears of forecasts.")],
) -> None:
    """Properties with which a client of Kafka logs in, its password among them."""
    from stream.endpoints import KAFKA_ACCOUNTS, KAFKA_ADMIN, kafka_login

    if account not in (*KAFKA_ACCOUNTS, KAFKA_ADMIN):
        raise WrongUse(f"There is no account {account}: use one of {', '.join(KAFKA_ACCOUNTS)}.")
    found = kafka_login(load_settings(), account)
    print(f"bootstrap.servers={','.join(found.servers)}")
    if not found.account:
        return
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    print(f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism={found.mechanism}")
    print(f'sasl.jaas.config={module} required username="{found.account}" password="{found.password}";')


def accounts() -> None:
    """Make the accounts of a Kafka elsewhere, as its admin, and say what each may do; the embedded one has them."""
    from stream.endpoints import kafka_login, kafka_passwords
    from stream.kafka_accounts import RIGHTS, make_accounts

    settings = load_settings()
    if settings.kafka_bootstrap_servers:
        passwords = kafka_passwords(settings)
        if missing := [account for account, password in passwords.items() if not password]:
            raise WrongUse(f"SCANSTREAM_KAFKA_PASSWORD_{missing[0].upper()} is needed: every account has its own.")
        servers = kafka_login(settings, "admin").servers
        if not make_accounts(servers, passwords):
            raise CannotStart(f"Kafka does not answer at {', '.join(servers)} or does not let admin in by PLAIN.")
    for account, rights in RIGHTS.items():
        print(f"{account}: {rights}")


def forget() -> None:
    """Take the facts out of Kafka that workers have read: what another system wrote with a name is gone at once.

    Without it a message stays until the topic's time is over. What was read is kept in Postgres or was set aside.
    """
    from stream.endpoints import KAFKA_ADMIN, kafka_login
    from stream.kafka_messages import NotRead, forget_read
    from stream.publisher import GROUP

    settings = load_settings()
    try:
        gone = forget_read(kafka_login(settings, KAFKA_ADMIN), "patient-events", settings.partitions, GROUP)
    except NotRead as error:
        raise CannotStart(f"{error}: start Kafka, or set SCANSTREAM_KAFKA_PASSWORD_ADMIN for one elsewhere.") from None
    print(f"{gone.taken} messages were taken out of patient-events; {gone.unread} stay, which no worker has read yet.")
