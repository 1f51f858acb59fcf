"""Grammars of the languages in which scenes are described; `mic21.synth.captions.Grammar` says what each gives."""
