"""One public function is one use case is one transaction, committed before the answer leaves."""
