"""What analysing an actor costs, and what it saves: python -m benchmarks.analysis CLIP

Two takes of the same footage by the preview engine, the first of which analyses the actor. Printed
are the seconds of each take's stages before the engine, their ratio, and what is wanted of it; and
the same in processor seconds, which other work on the machine changes little.
"""
