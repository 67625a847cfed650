"""Measurements, one file per promise. `make bench` runs them all and writes results.md; NAME=… runs one."""
