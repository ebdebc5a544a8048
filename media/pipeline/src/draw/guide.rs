//! The pictures of the generated guide: little scenes that loop without a seam, and stills.
//!
//! Owns: the list, and what each is called. Each can be told from the others at the size of a stamp.
//! Refuses: what the canvas refuses: chance, clocks and files.

mod fields;
mod night;
mod play;
mod stills;
mod water;

use super::canvas::Canvas;

/// Draws a scene at a place in its loop, 0 to 1; covers the whole canvas.
pub type Scene = Box<dyn FnMut(f32, &mut Canvas) + Send>;

/// A name without ending, and what makes the scene for a canvas of a size.
type Clip = (&'static str, fn(usize, usize) -> Scene);
/// A name without ending, and what draws it.
type Still = (&'static str, fn(&mut Canvas));

/// The moving ones.
pub const CLIPS: [Clip; 9] = [
    ("harbour-lights", water::harbour),
    ("desert-caravan", fields::desert),
    ("northern-sky", night::northern),
    ("city-at-dusk", night::city),
    ("deep-sea", water::sea),
    ("snow-in-the-forest", fields::forest),
    ("ringed-planet", night::planet),
    ("rain-on-the-window", water::rain),
    ("paper-shapes", play::shapes),
];

/// The stills.
pub const STILLS: [Still; 6] = [
    ("mountain-lake", stills::lake),
    ("balloons", stills::balloons),
    ("tulip-fields", stills::tulips),
    ("moon-over-the-sea", stills::moon),
    ("birches-in-autumn", stills::birches),
    ("oranges", stills::oranges),
];

/// A scene in front of what does not move, which is drawn once.
fn before(
    size: (usize, usize),
    still: impl Fn(&mut Canvas),
    mut moving: impl FnMut(f32, &mut Canvas) + Send + 'static,
) -> Scene {
    let mut ground = Canvas::new(size.0, size.1);
    still(&mut ground);
    Box::new(move |round, canvas| {
        canvas.pixels.copy_from_slice(&ground.pixels);
        moving(round, canvas);
    })
}

/// The fractional part.
fn part(x: f32) -> f32 {
    x - x.floor()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean difference of two pictures, in steps of a channel.
    fn difference(a: &Canvas, b: &Canvas) -> f32 {
        let pairs = a.pixels.iter().flatten().zip(b.pixels.iter().flatten());
        pairs.map(|(a, b)| (a - b).abs()).sum::<f32>() / (3 * a.pixels.len()) as f32
    }

    #[test]
    fn every_scene_moves_and_ends_where_it_began() {
        for (name, make) in CLIPS {
            let mut scene = make(320, 180);
            let mut at = |round: f32| {
                let mut canvas = Canvas::new(320, 180);
                scene(round, &mut canvas);
                canvas
            };
            let (first, next, end) = (at(0.0), at(0.37), at(1.0));
            assert!(difference(&first, &next) > 0.4, "{name} moves: {}", difference(&first, &next));
            assert!(difference(&first, &end) < 0.05, "{name} has a seam: {}", difference(&first, &end));
        }
    }

    #[test]
    fn everything_covers_its_canvas() {
        let unpainted = [f32::NAN; 3];
        for (name, make) in CLIPS {
            let mut canvas = Canvas::new(160, 90);
            canvas.pixels.fill(unpainted);
            make(160, 90)(0.2, &mut canvas);
            assert!(canvas.pixels.iter().flatten().all(|channel| channel.is_finite()), "{name}");
        }
        for (name, paint) in STILLS {
            let mut canvas = Canvas::new(160, 90);
            canvas.pixels.fill(unpainted);
            paint(&mut canvas);
            assert!(canvas.pixels.iter().flatten().all(|channel| channel.is_finite()), "{name}");
        }
    }
}
