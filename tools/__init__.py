"""The parts of the documents that follow from the code: made here, held in step by a test."""
