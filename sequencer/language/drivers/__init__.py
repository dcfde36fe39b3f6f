"""The drivers of a sequence: found and read without being imported, their calls checked."""
