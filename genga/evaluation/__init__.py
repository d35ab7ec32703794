"""From checkpoints to a judged and selected one: samples, scores, intervals.

bootstrap     Intervals by the bootstrap: of a mean, of a paired difference, and of a selection.
evaluate      Judge a run: every sample of the base and of every checkpoint, against drawings of the same character.
evaluators    Those who judge a picture: a character embedder, taggers, and a person detector; and what they see in
              many pictures.
memorization  Does a picture copy one that was trained on? Measured in pixels, against drawings that were held out.
motion        How a clip moves, as animation does: figures of its frames alone, each to be held against those of drawn
              clips.
prompts       How a prompt is read: with the weights of web interfaces; and which tags it asks for, the inverse of
              composing one.
sample        Draw the same pictures with the base and with every checkpoint of a run, so that they can be compared.
scores        The published scores of a character LoRA, and the selection of a checkpoint.
selection     From judged samples to figures for each checkpoint, a selected one, and whether it beats the base.
verdict       One sentence on a run: does its LoRA beat the base?
"""
