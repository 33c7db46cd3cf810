"""What an encoder said of scan revisions, as it is kept."""

from stream.measured_scan import SeriesEmbedding
from stream.storage.database import Connection


def stored_embeddings(connection: Connection, scan_uid: str, revision: int) -> list[SeriesEmbedding]:
    """What is kept of a revision, by modality; none where no encoder was asked."""
    query = f"""SELECT {", ".join(SeriesEmbedding._fields)} FROM core.scan_embeddings
    WHERE scan_uid = %s AND revision = %s ORDER BY modality"""
    kept = [SeriesEmbedding(*row) for row in connection.execute(query, [scan_uid, revision])]
    return [one._replace(embedding=one.embedding and tuple(one.embedding)) for one in kept]
