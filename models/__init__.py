"""How the weights are made: data, training, evaluation and export. Needs the extra `train`."""
