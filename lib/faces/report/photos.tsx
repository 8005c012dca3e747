import type { ReactNode } from 'react';
import { count, percent, plural } from '../format.js';
import { File, Name, Picture } from './parts.js';
import type { RunRecord } from './record.js';

export function mistakes({ mistakes, pictures }: RunRecord): ReactNode | null {
  if (mistakes.length === 0) return null;
  return (
    <>
      <p>
        The photos that the model was surest to be something else, and beside each what spoke for
        what it said: the warmer, the more (Grad-CAM). Wrong labels and photos with nothing to see
        are often among them.
      </p>
      <ul className="cards">
        {mistakes.map(({ photo, label, predicted, confidence, heat }) => (
          <li key={photo}>
            <figure>
              <div className="pair">
                <Picture image={pictures.get(photo)} alt={`A photo labelled ${label}`} />
                <Picture
                  image={heat}
                  alt={`The same photo, warm where it speaks for ${predicted}`}
                />
              </div>
              <figcaption>
                <span className="said">
                  <Name>{label}</Name>
                </span>
                , taken for{' '}
                <span className="wrongly">
                  <Name>{predicted}</Name>
                </span>
                <small>{percent(confidence)} sure</small>
                <File>{photo}</File>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
    </>
  );
}

export function doubts({ doubted, pictures }: RunRecord): ReactNode | null {
  if (!doubted) return null;
  const { checked, photos } = doubted;
  return (
    <>
      <p>
        {photos.length === 0
          ? `None of the labels of ${plural(checked, 'photo')} is doubtful.`
          : `Of the labels of ${plural(checked, 'photo')}, ${count(photos.length)} are likely wrong: networks that had not seen these photos are sure of another one (confident learning). Look at them before you train again.`}
      </p>
      <ul className="cards small">
        {photos.map(({ photo, label, suggested, quality }) => (
          <li key={photo}>
            <figure>
              <Picture image={pictures.get(photo)} alt={`A photo labelled ${label}`} />
              <figcaption>
                <span className="wrongly">
                  <Name>{label}</Name>
                </span>
                , rather{' '}
                <span className="said">
                  <Name>{suggested}</Name>
                </span>
                <small>{percent(quality)} sure of its label</small>
                <File>{photo}</File>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
    </>
  );
}
