"""The root of minigrad's errors: what the command line tells in one line, without a traceback.

    MinigradError
      GradientError                      gradcheck.py: a gradient differs from the central difference
      UnfitFile                          train/saving.py: a file that `load` cannot read, or of other parts
      GradingError                       grading/model.py
        AuthoringError                     an assignment's sources are wrong
        Refused                            a submission that cannot be graded: a person is asked
        JudgeFault                         the judge itself failed: never a zero
      SandboxError                       sandbox/errors.py
        SandboxUnavailable                 the isolation asked for cannot be had here
        SandboxFault                       the sandbox failed, through no fault of a submission
        WorkerEnded                        a submission ended its worker

An error of the engine takes it as a second base, after the standard one by which it is caught:
`class Misshapen(ValueError, MinigradError)`. No NumPy here: everything may import this file.
"""


class MinigradError(Exception):
    """An error whose message names the thing, what was given, what is wanted and the remedy."""
