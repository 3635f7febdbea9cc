//! The cockpit: a face that draws the model and turns keys into actions.
