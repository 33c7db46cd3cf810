"""Lists on a terminal, page by page."""

from collections.abc import Sequence

from stream.errors import WrongUse
from stream.storage.reading.listing import Listing, PageChoice
from stream.terminal.options import ROWS_ON_A_PAGE
from stream.terminal.printing import print_table


def page_choice(limit: int | None, page: int, every: bool, as_json: bool) -> PageChoice:
    """The rows that a person asks for by the options of a list; scripts get all unless they name a page."""
    if every and (limit or page > 1):
        raise WrongUse("--all shows every row: leave --limit and --page out.")
    if every or (as_json and limit is None and page == 1):
        return PageChoice()
    return PageChoice(limit or ROWS_ON_A_PAGE, page)


def print_listing(listing: Listing, choice: PageChoice, columns: Sequence[str]) -> None:
    """A page as a table on stdout, and how many rows are on other pages."""
    if not listing.rows:
        print("None." if choice.page == 1 else f"There is no page {choice.page}.")
        return
    print_table(listing.rows, columns)
    shown = len(listing.rows) + (choice.page - 1) * (choice.limit or 0)
    if shown < listing.total:
        print(f"{listing.total - shown} more of {listing.total}: --page {choice.page + 1} has the next, --all has all.")
