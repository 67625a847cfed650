"""What `make` needs beside the two packages."""
