"""Scope, observing, judging and scheduling: time and concurrency live here."""
