"""`python -m tests.protocol`: search everything, the large worlds too, and write the page."""

from tests.protocol.page import write

write()
