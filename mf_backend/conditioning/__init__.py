"""From a clip and target joints to what the engines work from: joints, masks, alignment."""
