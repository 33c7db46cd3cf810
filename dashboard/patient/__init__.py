"""The story of one patient: what its page, its files and its page for the tumour board say, from one source."""
