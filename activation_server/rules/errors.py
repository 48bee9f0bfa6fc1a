"""What may go wrong apart from refusals; each is caught at the edges and told in its own way."""


class UnavailableError(Exception):
    """Nothing can be decided right now: the database can't be reached or takes too long."""


class OperatorError(Exception):
    """An operator's command can't be done; the message says why and what to do."""


class NotFoundError(OperatorError):
    """What a command names is not there."""


class TooOftenError(OperatorError):
    """It was done as often as it may be; `retry_after` are the seconds until it may be again."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ChangedMeanwhileError(OperatorError):
    """What is to be changed is not as whoever changes it has seen it."""


class NotGivenError(OperatorError):
    """Somebody would give another one more than they may do themselves."""


class KeyReusedError(OperatorError):
    """A key that names one request came with another one."""
