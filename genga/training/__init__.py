"""From a training set to a run's checkpoints. Names no part of a model: what a base is a family says.

adapters         Put matrices beside a network's weights, and take them out again: LoRA by peft, LoHa, LoKr and DoRA
                 by lycoris.
applied          A base as a checkpoint makes it, for as long as one looks at it.
captions         The caption as it is seen this time: dropped, shuffled, thinned.
checked_tensors  Tensors in a safetensors file that are to the bit what was written: its metadata has the sha256 of
                 the rest.
checkpoints      The checkpoints of a run: read their list, keep the selected one under the run's name.
choices          What of section `train` of params.yaml a family of bases is asked about, and how it refuses what it
                 has not.
clip_latents     Latents of clips by content: each distinct frame is encoded once, as an image is
                 (genga.training.latents).
clips            The clips that a run of a base that moves learns from, as the clip set gives them, and their frames
                 out of videos.
device           How a network is computed, whatever it is part of: device, precision, threads; and its weights as a
                 hash.
distributed      The processes that train one run together: what each of them sees, and sums over all of them.
examples         The images that a run learns from, as the dataset gives them; genga.training.clips has what moves.
families         Families of bases, one file each: what training and sampling have to know of one, in its `FAMILY`.
fast             The same networks, computed faster: `train.speed: fast`. Sums are added up in another order, so last
                 bits differ.
held_out         The held-out loss: how wrong a run is about images that it never sees, measured alike at every
                 checkpoint.
latents          Latents by content: an image is encoded once, whichever run, epoch or dataset asks for it.
launch           Start a script as several processes, as a configuration of accelerate says, and wait for all of them.
learnt           What of a base is learnt: matrices put beside it, or all of its weights; and the average of it over
                 the steps.
lora_file        What changes a base, as tensors of a file, in the formats of kohya's sd-scripts and of lycoris that
                 UIs read.
losses           How much a look is to be learnt from: the distance of what was predicted, by px, and the weight of px
                 and timesteps.
merge            Make a model of others, without training: sums and differences of checkpoints, and LoRAs put in or
                 found.
metadata         What a checkpoint's header says about itself: kohya's `ss_*` keys and the modelspec.
noise            Noise and target of latent diffusion training, and the schedule that alpha-bars make of them.
optimizers       Optimizers by their names in section `train`, from the packages that keep them; and their state, to
                 go on from.
plan             What is seen when: the images of each step, how each is seen, and how fast is learnt from it.
resume           A run's folder: its checkpoints, and what an interrupted run needs to go on as if nothing had
                 happened.
rng              Random draws that depend on what they are for, never on what was drawn before.
selection        Which examples a phase of a run learns from, at which sizes, and how many stills are among its clips.
tensor_file      A .safetensors a tensor at a time: read by place, and written in order, header first; whatever is
                 learnt is one.
timesteps        Which timestep a look has: one of those that a run learns at, as often as section `train` says.
train            Train on a base, of whatever family it is: matrices beside its weights, or all of them.
trainer          The optimizer step: looks in, a loss out, what is learnt changed.
transforms       Images as an autoencoder takes them: scaled to cover their bucket, cut to it, in -1..1.
whole            A run's model as a whole base: what UIs and diffusers load without anything beside it, its LoRA baked
                 in.
"""
