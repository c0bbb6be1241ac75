"""Asking a language model ahead of time, and reading its answers: the requests, the files, what is asked about."""

from sos_online.data.asking.answered_expressions import AnsweredExpressions
from sos_online.data.asking.answered_paraphrases import AnsweredParaphrases
from sos_online.data.asking.answered_words import AnsweredWords
from sos_online.data.asking.report import AskingReport
from sos_online.data.asking.run import ask_all
from sos_online.data.asking.server import ModelServer

__all__ = ["AnsweredExpressions", "AnsweredParaphrases", "AnsweredWords", "AskingReport", "ModelServer", "ask_all"]
