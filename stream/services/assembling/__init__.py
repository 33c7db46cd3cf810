"""Instances gather to a scan; its revisions, and what takes instances back."""
