/** The room on the screen that the map is drawn in, and how map px become screen px. */

/** Size in px. */
export interface Room {
  readonly width: number;
  readonly height: number;
}

/** A point of the map lies at `point * k + (x, y)` of the room. */
export interface Transform {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}
