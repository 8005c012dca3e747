/** Of ImageNet's pixels scaled to 0…1, as torchvision's pretrained weights expect them. */
export const imageNetMean: Channels = [0.485, 0.456, 0.406];
export const imageNetStd: Channels = [0.229, 0.224, 0.225];

export type Channels = [red: number, green: number, blue: number];
