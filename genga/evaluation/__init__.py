"""From checkpoints to a judged and selected one: samples, scores, intervals.

bootstrap      Intervals by the bootstrap: of a mean, of a paired difference, and of a selection.
denoising      From noise to latents, under classifier-free guidance; clips longer than a base sees at once in
               windows.
drawn_clips    How a series' own clips move, which is what a sample's motion is held against; and which of them a
               sample is near to.
evaluate       Judge a run: every sample of the base and of every checkpoint, against drawings of the same character.
evaluators     Those who judge a picture: a character embedder, taggers, and a person detector; and what they see in
               many pictures.
judged_motion  The columns of a judged clip: how it moves beside drawn ones, who is in it over time, and which it is
               near to.
memorization   Does a picture copy one that was trained on? Measured in pixels, against drawings that were held out.
motion         How a clip moves, as animation does: figures of its frames alone, each to be held against those of
               drawn clips.
prompts        How a prompt is read: with the weights of web interfaces; and which tags it asks for, the inverse of
               composing one.
prompts_seen   Prompts as a base sees them: with the trigger in them, as much as fits, and, of clips, by frame.
sample         Draw the same pictures, or clips, with the base and with every checkpoint of a run, so that they can be
               compared.
scores         The published scores of a character LoRA, and the selection of a checkpoint.
selection      From judged samples to figures for each checkpoint, a selected one, and whether it beats the base.
verdict        One sentence on a run: does its LoRA beat the base?
watching       Samples as they are looked at: a picture once; a clip at some of its frames, and at all of them for how
               it moves.
"""
